"""``lcc compress``, ``lcc measure`` and ``lcc export``."""
def add(commands, after):
    pass
