"""The season (train, calibrate, evaluate, promote) and the night's scores; forward in time, by whole cohorts."""
