"""The tables in the documents, made from the results files."""
