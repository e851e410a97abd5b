"""A submission that ends badly while the server is asked for the next."""

import os
import threading
import time

threading.Thread(target=lambda: (time.sleep(0.05), os.abort())).start()
time.sleep(0.5)
