"""Prints the places of a Groovy file that its grammar does not allow, one a line, and nothing if there are none: python groovy-errors.py FILE"""

import sys

import tree_sitter
import tree_sitter_groovy


def errors(node):
    if node.type == "ERROR" or node.is_missing:
        yield node
    for child in node.children:
        yield from errors(child)


with open(sys.argv[1], "rb") as file:
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language())).parse(file.read())
for node in errors(tree.root_node):
    line, column = node.start_point
    text = node.text.decode().split("\n")[0] or f"{node.type} is missing"
    print(f"{sys.argv[1]}:{line + 1}:{column + 1}: {text}")
