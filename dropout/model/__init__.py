"""The season (train, calibrate, evaluate, promote) and the night's scores; forward in time, by whole cohorts."""

import os

# LightGBM's threads wait for one another by spinning; on a machine that has other work, two are slower than one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
