"""Files that a model names: they must lie in its own folder, wherever its text points."""

from pathlib import Path, PureWindowsPath

from howfar.errors import UserError


def file_in(folder: Path, name: str, told_by: Path) -> Path:
    """The file that `name` means, by links and all.

    Raises: UserError where it lies outside the folder or is not a file.
    """
    outside = UserError(
        f"it names the file {name!r}, which is outside its folder", where=str(told_by), mend="do not use it"
    )
    if not name or "\0" in name or PureWindowsPath(name).drive or name.startswith(("/", "\\")):
        raise outside
    there = (folder / name).resolve()
    if not there.is_relative_to(folder.resolve()):
        raise outside
    if not there.is_file():
        raise UserError(f"its file {name!r} is missing", where=str(told_by), mend="put it back beside the model")
    return there
