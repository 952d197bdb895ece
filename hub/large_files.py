"""Which files a Hub keeps in its large-file storage (git LFS) instead of in git, and what git sees of them.

The rule is the one a new repository on the Hub starts with: binary formats by suffix, and anything above 10 MB.
"""

from hub.checksums import git_blob_sha1

REGULAR_LIMIT_BYTES = 10_000_000
"""Longest file that git itself keeps."""

_SUFFIXES = (
    *("7z", "arrow", "bin", "bz2", "ckpt", "ftz", "gguf", "gz", "h5", "joblib", "mlmodel", "model", "msgpack", "npy"),
    *("npz", "onnx", "ot", "parquet", "pb", "pickle", "pkl", "pt", "pth", "rar", "safetensors", "tar", "tflite"),
    *("tgz", "wasm", "xz", "zip", "zst"),
)

ATTRIBUTES_PATH = ".gitattributes"
ATTRIBUTES = "".join(f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in _SUFFIXES).encode()
"""The file a Hub puts into every new repository, in its first commit."""


def is_large(path: str, size: int) -> bool:
    """Whether a file of `size` bytes at `path` goes to large-file storage. Empty files never do."""
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower()
    return size > REGULAR_LIMIT_BYTES or (size > 0 and suffix in _SUFFIXES)


def pointer(sha256: str, size: int) -> bytes:
    """Return the text git keeps in place of a large file (git-lfs specification, version 1)."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def pointer_sha1(sha256: str, size: int) -> str:
    """Return the git object id of a large file's pointer."""
    return git_blob_sha1(pointer(sha256, size))
