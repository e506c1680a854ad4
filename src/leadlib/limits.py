"""
The documented bounds of every input, in one place; they are checked before anything is parsed.

The numbers are generous for honest data and small enough that hostile data costs neither minutes
nor gigabytes.  They are constants, not settings: a limit that can be forgotten protects nobody.
"""

__all__ = [
    "ACCOUNTS",
    "CAPS",
    "COLUMNS",
    "CONSENTS",
    "DEFINITION_CHARACTERS",
    "DEFINITION_DEPTH",
    "DEFINITION_NODES",
    "FACTS",
    "FACT_DEPTH",
    "FILE_BYTES",
    "GROUPS",
    "ID_CHARACTERS",
    "INQUIRY_CHARACTERS",
    "KEY_PARTS",
    "LIFECYCLE_DEADLINES",
    "LIFECYCLE_MOVES",
    "LIFECYCLE_STAGES",
    "LINE_CHARACTERS",
    "MESSAGE_CHARACTERS",
    "PAUSES",
    "PLANNED",
    "PROBLEMS",
    "RATES",
    "REPS",
    "ROUTING_RULES",
    "ROWS",
    "SCORE_RULES",
    "SEARCH_CHARACTERS",
    "STAGES",
    "TEXT_CHARACTERS",
    "TOUCHES",
    "ZONES",
]

# One value
ID_CHARACTERS = 255
TEXT_CHARACTERS = 10_000
FACTS = 1_000
FACT_DEPTH = 8
INQUIRY_CHARACTERS = 100_000  # all facts together, and all interests

# One definition.  The reader of the standard library takes 43 s for a dotted key of 100 kB,
# hence the bound on its parts; depth and nodes are what a person can still read.
DEFINITION_CHARACTERS = 256_000
DEFINITION_DEPTH = 32
DEFINITION_NODES = 5_000
KEY_PARTS = 64
SCORE_RULES = 1_000
SEARCH_CHARACTERS = 20_000

# One lifecycle; its text, its depth and its keys are bounded as those of a definition
LIFECYCLE_STAGES = 200
LIFECYCLE_MOVES = 2_000
LIFECYCLE_DEADLINES = 500

# One file
FILE_BYTES = 4 * 2**30  # after unpacking
ROWS = 20_000_000  # about 250 bytes of memory each
COLUMNS = 1_000
LINE_CHARACTERS = 1_000_000
PROBLEMS = 1_000  # problems listed one by one; the rest is counted

# One list of named accounts
ACCOUNTS = 100_000

# One routing
REPS = 10_000
ROUTING_RULES = 1_000

# One report
STAGES = 1_000
GROUPS = 1_000

# One comparison of each with each: 4,950 pairs
RATES = 100

# One plan
TOUCHES = 1_000
PLANNED = 100_000
CAPS = 100  # and quiet hours
ZONES = 600

# One message to one person
MESSAGE_CHARACTERS = 500_000

# One person
CONSENTS = 10_000

# One clock
PAUSES = 1_000
