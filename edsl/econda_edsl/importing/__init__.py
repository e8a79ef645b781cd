"""Reading what people have: other systems' workflows and recordings, as EDSL text and a report of what is lost.

Nothing that is read is executed. Each format has a file of its own and makes a `writing.program.Program`.
"""
