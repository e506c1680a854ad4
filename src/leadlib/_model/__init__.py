"""The rooms behind :mod:`leadlib.model`: private, entered by their face only."""
