"""Services for files: handing them over, receiving them in slices, sweeping the store."""
