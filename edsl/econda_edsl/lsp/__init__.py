"""The language server: what an editor asks of a text, answered from its index. Only this folder knows the protocol."""
