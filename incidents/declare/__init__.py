"""The public declaration: five screens, each saved on the server when the person leaves it. The last button sends
everything.
"""
