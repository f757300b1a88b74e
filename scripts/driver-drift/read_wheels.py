"""Prints the methods that the drivers in a folder of wheels export, as JSON.

Reads the syntax tree of each module. It imports nothing, so that no package of a driver has to be installed.
Usage: read_wheels.py FOLDER
"""

import ast
import json
import sys
import zipfile
from pathlib import Path

KINDS = {"export": "call", "exportstream": "byteStream"}


def last_name(node):
    """The last part of a name: `export` of `export`, `driver.export` and `export(...)`."""
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


def own_nodes(function):
    """The nodes of a function without those of the functions inside it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def read_method(function):
    """The kind and the arguments of an exported method, or None for any other."""
    decorators = {last_name(decorator) for decorator in function.decorator_list}
    kind = next((kind for name, kind in KINDS.items() if name in decorators), None)
    if kind is None:
        return None
    if kind == "call" and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(function)):
        kind = "streaming"
    given = function.args
    positional = [*given.posonlyargs, *given.args][1:]
    required = len(positional) - len(given.defaults)
    args = [{"name": arg.arg, "optional": index >= required} for index, arg in enumerate(positional)]
    if given.vararg is not None:
        args.append({"name": given.vararg.arg, "rest": True})
    return {"kind": kind, "args": args}


def read_class(node, module, names):
    methods = {}
    client = None
    for item in node.body:
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        # A method that is defined again without the decorator is not exported.
        methods[item.name] = read_method(item)
        if item.name == "client":
            returned = [part.value for part in own_nodes(item) if isinstance(part, ast.Return)]
            client = next((value.value for value in returned if isinstance(value, ast.Constant)), None)
    bases = [names.get(name, f"{module}.{name}") for name in map(last_name, node.bases) if name]
    return {"bases": bases, "methods": methods, "client": client}


def read_module(source, module, is_package):
    """The classes of a module by their full names."""
    tree = ast.parse(source)
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names.update({alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names})
    classes = {f"{module}.{node.name}": read_class(node, module, names) for node in tree.body if isinstance(node, ast.ClassDef)}
    return classes, {f"{module}.{name}": origin for name, origin in names.items()}


def read_wheels(folder):
    classes, aliases = {}, {}
    for wheel in sorted(Path(folder).glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for path in archive.namelist():
                stem = Path(path).stem
                if not path.endswith(".py") or stem.endswith("_test") or stem == "conftest":
                    continue
                is_package = stem == "__init__"
                module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                found, renamed = read_module(archive.read(path), module, is_package)
                classes.update(found)
                aliases.update(renamed)
    return classes, aliases


def linearize(name, classes, aliases):
    """The classes in which Python looks for a method, in order."""
    while name not in classes and name in aliases and aliases[name] != name:
        name = aliases[name]
    if name not in classes:
        return []
    bases = [linearize(base, classes, aliases) for base in classes[name]["bases"]]
    bases = [base for base in bases if base]
    lists = [list(base) for base in bases] + [[base[0] for base in bases]]
    order = [name]
    while lists := [each for each in lists if each]:
        head = next(each[0] for each in lists if not any(each[0] in other[1:] for other in lists))
        order.append(head)
        lists = [[item for item in each if item != head] for each in lists]
    return order


def main():
    classes, aliases = read_wheels(sys.argv[1])
    inherited = {linearize(base, classes, aliases)[:1][0] for each in classes.values() for base in each["bases"] if linearize(base, classes, aliases)}
    drivers = []
    for name in sorted(classes):
        order = linearize(name, classes, aliases)
        client = next((classes[each]["client"] for each in order if classes[each]["client"]), None)
        methods = {}
        for each in reversed(order):
            methods.update(classes[each]["methods"])
        exported = {method: found for method, found in sorted(methods.items()) if found is not None}
        if client is not None and (exported or name not in inherited):
            drivers.append({"driver": name, "client": client, "methods": exported})
    json.dump(drivers, sys.stdout, indent=1)


main()
