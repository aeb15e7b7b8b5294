"""The search in the cases of a centre: parsing the query, finding cases, and the page of results."""
