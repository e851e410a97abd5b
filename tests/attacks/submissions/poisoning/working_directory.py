"""The working directory, the mask for new files, the locale and the time zone."""

import locale
import os
import time

os.chdir("/")
os.umask(0)
locale.setlocale(locale.LC_ALL, "C")
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
