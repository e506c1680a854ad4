"""How fast leadlib is, as ratios to code that people would write by hand; README.md explains."""
