"""The commands of `dingbian`, by what they are about; `cli.py` puts them together."""
