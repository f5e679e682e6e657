"""School-dropout early warning: extracts in, lists and tables out, every night."""

import os

from dropout import quiet

__version__ = "0.1.0"

# OpenMP threads that spin while they wait made training on two shared cores 5 to 30 times slower; this must be
# set before LightGBM or scikit-learn load their runtime
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

quiet.apply()
