"""People decide here: the command line, the clock and the web console; the only place where work is committed."""
