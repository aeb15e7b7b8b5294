"""The facts of a declaration, each described once. Forms, the API, answer sheets and erasing use it."""
