"""Studies: a grid written down once, run as a graph of steps that are shared and never lost.

``spec`` says what is asked for, ``graph`` what has to be done for it, ``runner`` does it. Nothing
is kept in memory that matters: every step leaves its result by content, so that a study that was
killed goes on where it was, and two studies that need the same training share it.
"""
