"""The rooms behind :mod:`leadlib.nurture`: private, entered by their face only."""
