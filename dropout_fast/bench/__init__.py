"""`python -m dropout_fast bench`: what dropout costs on this machine, beside a copy and beside its peers."""
