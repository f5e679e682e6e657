"""A new key for a deployment: everything that the old one made is made anew."""
