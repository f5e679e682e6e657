"""Whether a deployment is whole, and closed to everybody but those who may read it."""
