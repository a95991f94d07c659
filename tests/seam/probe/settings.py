"""The site's settings and the probe."""

from monolith.settings import *  # noqa: F403
from monolith.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.seam.probe"]
