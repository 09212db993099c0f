"""Black-box probes of a gateway: another process, real sockets, real TLS, real files, `/proc`."""
