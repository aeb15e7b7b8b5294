"""The public declaration: five screens, each saved on the server when it is left, and one button that sends all."""
