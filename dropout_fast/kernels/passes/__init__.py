"""One pass over memory each: draw keep bits of one stream and apply an epilogue, or apply it by keep bits that are stored."""
