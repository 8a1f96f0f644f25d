"""The model engineer's line: reads data sets, writes models. The running agent never loads it.

data ──► training ──► scoring ──► releasing
▲
└── proposals (a teacher's labels), harvests (what agents kept)
"""
