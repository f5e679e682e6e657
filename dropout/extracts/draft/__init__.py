"""`dropout source new`: sample files → a drafted `source.yaml`, with a question wherever the samples do not settle it."""
