# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of text files (plain, .gz, .bz2, .xz, .zst), as words or as rows of numbers, in bounded
memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import MLGrainError

try:
    from .._core import read_rows
except ImportError:
    from .plain import read_rows

BYTES_AT_A_TIME = 1 << 22  # and the longest line that can be read
# What the libraries raise for a damaged file; not all of these are always installed.
BROKEN = ("EOFError", "BadGzipFile", "error", "IsalError", "LZMAError", "OSError", "ZstdError")


class Lines:
    """The lines of a file that was opened by open_binary, from its beginning; a context manager."""

    def __init__(self, path, raw):
        self.path, self.number = path, 0  # `number` of the line that was read last
        self.file = decompressed(path, raw)
        self.text = bytearray(BYTES_AT_A_TIME)
        self.bytes = np.frombuffer(self.text, np.uint8)
        self.begin = self.end = 0  # what was read from the file, but isn't used yet

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if isinstance(self.file, Ahead):
            self.file.stop()

    def error(self, text, line=None):
        return MLGrainError(f"{self.path}, line {line or self.number}: {text}")

    def peek(self):
        """The next line, left where it is; "" at the end of the file."""
        return self._decode(self._line_end())

    def next(self):
        """The next line; "" at the end of the file."""
        end = self._line_end()
        self.number += end > self.begin
        line = self._decode(end)
        self.begin = end
        return line

    def rows(self, names, columns, values):
        """Reads a line into each row of values, float64; returns how many, fewer if the file ends.

        names: of the words of a line. columns, int32: where in a row each goes, -1 if nowhere.
        A last line without its newline is cut off, and not read.
        """
        done = 0
        while done < len(values):
            read, used = read_rows(self.path, self.number + 1, names, columns,
                                   self.bytes[self.begin:self.end], values[done:])
            self.begin += used
            self.number += read
            done += read
            if done < len(values) and not self._more():
                break
        return done

    def _line_end(self):
        """Where the next line ends, which is then in memory."""
        looked = self.begin
        while True:
            place = self.text.find(b"\n", looked, self.end)
            if place >= 0:
                return place + 1
            seen = self.end - self.begin
            if not self._more():
                return self.end
            looked = self.begin + seen

    def _decode(self, end):
        try:
            return self.text[self.begin:end].decode("ascii")
        except UnicodeDecodeError as error:
            raise self.error(f"the file is damaged: {error}") from error

    def _more(self):
        """Reads on; false if the file has ended."""
        rest = self.end - self.begin
        if rest == len(self.text):
            raise self.error(f"a line of more than {rest} characters", self.number + 1)
        self.text[:rest] = self.text[self.begin:self.end]
        self.begin, self.end = 0, rest
        try:
            got = self.file.readinto(memoryview(self.text)[rest:])
        except Exception as error:
            if type(error).__name__ in BROKEN:
                raise self.error(f"the file is damaged or cut off: {error}") from error
            raise
        self.end += got
        return got > 0


class Ahead:
    """A file that a thread reads one piece ahead, so that decompressing takes no extra time."""

    def __init__(self, file):
        self.file, self.thread = file, ThreadPoolExecutor(1)
        self.piece = memoryview(b"")
        self._read_on()

    def _read_on(self):
        self.coming = self.thread.submit(self.file.read, BYTES_AT_A_TIME)

    def readinto(self, target):
        """As a file's; raises here what reading raised in the thread."""
        if not self.piece:
            self.piece = memoryview(self.coming.result())
            self._read_on()
        got = min(len(self.piece), len(target))
        target[:got], self.piece = self.piece[:got], self.piece[got:]
        return got

    def stop(self):
        self.thread.shutdown(cancel_futures=True)


def open_binary(path):
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error


def decompressed(path, raw):
    """The bytes of an open file, decompressed by the ending of its name."""
    if path.endswith(".gz"):
        return Ahead(gunzipped(raw))
    if path.endswith(".bz2"):
        return Ahead(bz2.BZ2File(raw))
    if path.endswith(".xz"):
        return Ahead(lzma.LZMAFile(raw))
    if path.endswith((".zst", ".zstd")):
        try:
            import zstandard
        except ImportError:
            raise MLGrainError(f"{path}: reading .zst files takes the Python package zstandard "
                               "(pip install zstandard)") from None
        return Ahead(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
    return raw


def gunzipped(raw):
    try:
        from isal.igzip import IGzipFile  # three times as fast
    except ImportError:
        return gzip.GzipFile(fileobj=raw)
    return IGzipFile(fileobj=raw)
