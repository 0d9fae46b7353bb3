"""TensorFlow's operators that reach outside of a model: Python, files, the network, other processes, memory maps."""

from pathlib import Path

from howfar.errors import UserError

FORBIDDEN = frozenset({
    "AssetManager", "CacheDataset", "CacheDatasetV2", "CreateSummaryDbWriter", "CreateSummaryFileWriter",
    "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "DebugNanCount", "DebugNumericSummary", "EagerPyFunc",
    "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2",
    "GenerateVocabRemapping", "ImmutableConst", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
    "LMDBDataset", "LMDBReader", "LoadAndRemapMatrix", "LoadDataset", "MatchingFiles", "MatchingFilesDataset",
    "PrintV2", "PyFunc", "PyFuncStateless", "ReadFile", "RegisterDataset", "RegisterDatasetV2", "RpcCall",
    "RpcClient", "RpcServer", "RpcServerStart", "Save", "SaveDataset", "SaveDatasetV2", "SaveSlices",
    "SnapshotDataset", "SnapshotDatasetV2", "SqlDataset", "TFRecordDataset", "TFRecordDatasetV2", "TFRecordReader",
    "TFRecordReaderV2", "TextLineDataset", "TextLineReader", "TextLineReaderV2", "WholeFileReader",
    "WholeFileReaderV2", "WriteFile", "_HostRecv", "_HostSend", "_Recv", "_Send",
})  # fmt: skip
# TensorFlow puts them beside every model, to save its variables again. What is called for an answer may not hold them.
SAVING = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"})


def refusal(kind: str, name: str, path: Path) -> UserError:
    """What is said of the first one in a file."""
    what = f"its operator {kind} {name!r} reaches outside of the model"
    return UserError(what, where=str(path), mend="export it again without that operator")
