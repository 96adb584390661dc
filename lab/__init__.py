"""The lab: a rehearsed estate brought to life on one Linux machine, with real daemons and real traffic."""
