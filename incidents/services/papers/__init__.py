"""Papers to print (cards for the wall, answer packs), and the task that makes their PDF files."""
