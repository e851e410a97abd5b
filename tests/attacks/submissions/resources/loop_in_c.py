"""An endless loop inside one C call, where no bytecode ever looks at signals."""

import itertools

sum(itertools.repeat(0))
