"""The command line: one module per noun, loaded when it is called.

`catalogue` lists the nouns, `session` is what the global options say, `answers` prints results,
`outcome` turns errors into words and exit codes.
"""
