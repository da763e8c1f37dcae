"""The command `inspection`: one module a family of subcommands, thin over the rooms."""
