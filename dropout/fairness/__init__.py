"""The nightly audit by group: tonight's scores and the lists about to be published, and lists whose outcomes have come since."""
