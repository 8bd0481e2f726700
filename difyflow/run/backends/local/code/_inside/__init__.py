"""What runs inside the isolated process.

These modules are loaded by a bare interpreter (`-I -S`) that knows nothing of difyflow, so they use the
standard library only and import nothing but each other.
"""
