//! From bytes to text: byte order marks, PEP 263 coding cookies, and what cannot be decoded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use encoding_rs::{DecoderResult, Encoding};

/// The largest file that is read. Spans are 32 bits wide, and no source file written by people comes near.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file has no text.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The operating system refused.
    #[error("{}", reason(.0))]
    Io(#[from] io::Error),
    /// A folder, a pipe, a device.
    #[error("not a regular file: pass `-` to read the standard input")]
    NotAFile,
    /// More than [`MAX_BYTES`].
    #[error("larger than {} MiB: exclude the file", MAX_BYTES / (1024 * 1024))]
    TooLarge,
    /// UTF-16 or UTF-32, told by its byte order mark.
    #[error("the file is {0}, which Python does not read: save it as UTF-8")]
    Wide(&'static str),
    /// The cookie names an encoding that is not known.
    #[error("unknown encoding `{0}` in the coding comment: save the file as UTF-8")]
    UnknownEncoding(String),
    /// The cookie contradicts the byte order mark.
    #[error("the coding comment says `{0}`, but the file begins with a UTF-8 byte order mark: remove one of them")]
    Contradiction(String),
    /// Bytes that are not text in the file's encoding.
    #[error("invalid {encoding} at byte {offset}: save the file as UTF-8, or name its encoding in a coding comment")]
    Invalid {
        /// The encoding that was tried.
        encoding: String,
        /// The offset of the first byte that is not understood.
        offset: usize,
        /// The line that it is in, from 1.
        row: u32,
        /// Its character in the line, from 1, counted in bytes where the line is no text.
        column: u32,
    },
    /// A NUL byte: no Python source has one.
    #[error("NUL byte at byte {offset}: not a Python source file")]
    Nul {
        /// The offset in the decoded text.
        offset: usize,
        /// The line that it is in, from 1.
        row: u32,
        /// Its character in the line, from 1.
        column: u32,
    },
}

impl DecodeError {
    /// The place in the file, where the error has one: row and column from 1.
    pub fn place(&self) -> Option<(u32, u32)> {
        match self {
            DecodeError::Invalid { row, column, .. } | DecodeError::Nul { row, column, .. } => Some((*row, *column)),
            _ => None,
        }
    }
}

/// The operating system's reason, as other linters word it: lower case, without the number of the error.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            let mut chars = text.chars();
            chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
        }
    }
}

/// Reads and decodes a file.
///
/// # Errors
/// What [`DecodeError`] says. A pipe or a device is refused before it is opened, because opening it could wait for ever.
pub fn read(path: &Path) -> Result<String, DecodeError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if !metadata.is_file() {
        return Err(DecodeError::NotAFile);
    }
    if metadata.len() > MAX_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    read_limited(File::open(path)?, &mut bytes)?;
    decode(bytes)
}

/// Reads and decodes what `reader` gives.
///
/// # Errors
/// What [`DecodeError`] says.
pub fn read_from(reader: impl Read) -> Result<String, DecodeError> {
    let mut bytes = Vec::new();
    read_limited(reader, &mut bytes)?;
    decode(bytes)
}

fn read_limited(reader: impl Read, bytes: &mut Vec<u8>) -> Result<(), DecodeError> {
    reader.take(MAX_BYTES + 1).read_to_end(bytes)?;
    if bytes.len() as u64 > MAX_BYTES { Err(DecodeError::TooLarge) } else { Ok(()) }
}

/// Decodes the bytes of a Python file as Python would. Line ends stay as they are; a byte order mark is removed.
///
/// # Errors
/// What [`DecodeError`] says.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    let text = decode_bytes(bytes)?;
    // More bytes than were read: Latin-1 and its like grow when they are written as UTF-8.
    if text.len() as u64 > MAX_BYTES {
        return Err(DecodeError::TooLarge);
    }
    match memchr::memchr(0, text.as_bytes()) {
        Some(offset) => {
            let (row, column) = place(text.as_bytes(), offset);
            Err(DecodeError::Nul { offset, row, column })
        }
        None => Ok(text),
    }
}

fn decode_bytes(mut bytes: Vec<u8>) -> Result<String, DecodeError> {
    // UTF-32 LE begins with the mark of UTF-16 LE: it is asked first.
    let wide: [(&[u8], &str); 4] = [
        (&[0xFF, 0xFE, 0, 0], "UTF-32"),
        (&[0, 0, 0xFE, 0xFF], "UTF-32"),
        (&[0xFF, 0xFE], "UTF-16"),
        (&[0xFE, 0xFF], "UTF-16"),
    ];
    if let Some((_, name)) = wide.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Err(DecodeError::Wide(name));
    }
    let has_mark = bytes.starts_with(&[0xEF, 0xBB, 0xBF]);
    let cookie = cookie(if has_mark { &bytes[3..] } else { &bytes });
    let codec = match &cookie {
        Some(name) => codec(name).ok_or_else(|| DecodeError::UnknownEncoding(name.clone()))?,
        None => Codec::Utf8,
    };
    if has_mark {
        if !matches!(codec, Codec::Utf8) {
            return Err(DecodeError::Contradiction(cookie.unwrap_or_default()));
        }
        bytes.drain(..3);
    }
    match codec {
        Codec::Utf8 => String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            // Offsets are the file's own, mark included.
            invalid("UTF-8", error.as_bytes(), at, if has_mark { 3 } else { 0 })
        }),
        Codec::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
            Some(at) => Err(invalid("ASCII", &bytes, at, 0)),
            None => Ok(bytes.into_iter().map(char::from).collect()),
        },
        Codec::Latin1 => Ok(bytes.into_iter().map(char::from).collect()),
        Codec::Other(encoding) => {
            let mut decoder = encoding.new_decoder_without_bom_handling();
            let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0);
            let mut text = String::with_capacity(room);
            match decoder.decode_to_string_without_replacement(&bytes, &mut text, true) {
                (DecoderResult::InputEmpty, _) => Ok(text),
                (DecoderResult::Malformed(bad, pushed), read) => {
                    let at = read.saturating_sub(usize::from(bad) + usize::from(pushed));
                    Err(invalid(encoding.name(), &bytes, at, 0))
                }
                (DecoderResult::OutputFull, read) => Err(invalid(encoding.name(), &bytes, read, 0)),
            }
        }
    }
}

fn invalid(encoding: &str, bytes: &[u8], at: usize, skipped: usize) -> DecodeError {
    let (row, column) = place(bytes, at);
    DecodeError::Invalid { encoding: encoding.to_owned(), offset: at + skipped, row, column }
}

/// Row and column, from 1, of an offset into bytes that may not be UTF-8.
fn place(bytes: &[u8], offset: usize) -> (u32, u32) {
    let before = &bytes[..offset];
    let mut row = 1;
    let mut start = 0;
    for (at, &byte) in before.iter().enumerate() {
        if byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            row += 1;
            start = at + 1;
        }
    }
    (row, String::from_utf8_lossy(&before[start..]).chars().count() as u32 + 1)
}

/// The encoding named by a comment in the first two lines (PEP 263).
fn cookie(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    for _ in 0..2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..end];
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | 0x0C)).unwrap_or(line.len());
        match line.get(start) {
            None => {}
            Some(b'#') => {
                if let Some(name) = cookie_in(&line[start..]) {
                    return Some(name);
                }
            }
            // Code in the first line: a comment in the second is just a comment.
            Some(_) => return None,
        }
        let after = &rest[end..];
        rest = if after.starts_with(b"\r\n") { &after[2..] } else { after.get(1..)? };
    }
    None
}

/// `coding[:=][ \t]*([-_.a-zA-Z0-9]+)` in a comment.
fn cookie_in(comment: &[u8]) -> Option<String> {
    const WORD: &[u8] = b"coding";
    let mut from = 0;
    while let Some(found) = comment[from..].windows(WORD.len()).position(|window| window == WORD) {
        let after = &comment[from + found + WORD.len()..];
        if matches!(after.first(), Some(b':' | b'=')) {
            let name: String = after[1..]
                .iter()
                .skip_while(|byte| matches!(byte, b' ' | b'\t'))
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
                .map(|&byte| char::from(byte))
                .collect();
            if !name.is_empty() {
                return Some(name);
            }
        }
        from += found + WORD.len();
    }
    None
}

enum Codec {
    Utf8,
    Ascii,
    /// The first 256 characters of Unicode. `encoding_rs` follows the web and takes the name for windows-1252.
    Latin1,
    Other(&'static Encoding),
}

fn codec(name: &str) -> Option<Codec> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    Some(match name.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" | "cp65001" => Codec::Utf8,
        _ if name.starts_with("utf-8-") => Codec::Utf8,
        "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "iso646-us" => Codec::Ascii,
        "latin-1" | "latin1" | "latin" | "l1" | "iso-8859-1" | "iso8859-1" | "iso8859" | "8859" | "cp819"
        | "iso-latin-1" => Codec::Latin1,
        _ if name.starts_with("latin-1-") || name.starts_with("iso-8859-1-") => Codec::Latin1,
        _ => Codec::Other(other(&name)?),
    })
}

/// Python's names for encodings are not quite those of the web.
fn other(name: &str) -> Option<&'static Encoding> {
    if let Some(page) = name.strip_prefix("cp").or_else(|| name.strip_prefix("windows-"))
        && let Some(encoding) = Encoding::for_label(format!("windows-{page}").as_bytes())
    {
        return Some(encoding);
    }
    let alias = match name {
        "latin-2" | "latin2" => "iso-8859-2",
        "latin-9" | "latin9" => "iso-8859-15",
        "sjis" | "shiftjis" | "cp932" | "ms932" | "mskanji" => "shift_jis",
        "eucjp" | "ujis" => "euc-jp",
        "euckr" | "cp949" | "uhc" => "euc-kr",
        "cp936" | "ms936" => "gbk",
        "big5-hkscs" | "cp950" => "big5",
        "koi8" => "koi8-r",
        "iso2022-jp" => "iso-2022-jp",
        other => other,
    };
    let encoding = Encoding::for_label(alias.as_bytes()).or_else(|| {
        let part = alias.strip_prefix("iso8859-").or_else(|| alias.strip_prefix("iso-8859"))?;
        Encoding::for_label(format!("iso-8859-{}", part.trim_start_matches('-')).as_bytes())
    })?;
    // Neither is ASCII below 128, so a cookie could not have named it.
    let wide = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
    (!wide && encoding != encoding_rs::REPLACEMENT).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap()
    }

    fn error(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_err().to_string()
    }

    #[test]
    fn utf8_with_and_without_a_mark_keeps_its_line_ends() {
        assert_eq!(ok("é = 1\r\n漢 = 2\r".as_bytes()), "é = 1\r\n漢 = 2\r");
        assert_eq!(ok(b"\xEF\xBB\xBFx = 1\n"), "x = 1\n");
        assert_eq!(ok(b""), "");
        assert_eq!(ok(b"\xEF\xBB\xBF# coding: utf-8\n"), "# coding: utf-8\n");
    }

    #[test]
    fn cookies_name_the_encoding() {
        assert_eq!(ok(b"# -*- coding: latin-1 -*-\nx = '\xE9\x85'\n"), "# -*- coding: latin-1 -*-\nx = 'é\u{85}'\n");
        assert!(ok(b"#!/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n").contains('€'));
        assert_eq!(ok(b"# coding: iso8859_15\n'\xA4'"), "# coding: iso8859_15\n'€'");
        assert_eq!(ok(b"# coding=koi8-r\n'\xC1'"), "# coding=koi8-r\n'а'");
        assert_eq!(ok(b"\n# coding: shift_jis\n'\x82\xA0'"), "\n# coding: shift_jis\n'あ'");
        assert_eq!(ok(b"\r\n# coding: euc_jp\r\n'\xA4\xA2'"), "\r\n# coding: euc_jp\r\n'あ'");
    }

    #[test]
    fn cookies_elsewhere_are_just_comments() {
        assert!(error(b"x = 1\n# coding: latin-1\n'\xE9'").contains("invalid UTF-8 at byte 25"));
        assert!(error(b"\n\n# coding: latin-1\n'\xE9'").contains("invalid UTF-8"));
        assert!(error(b"'coding: latin-1 \xE9'").contains("invalid UTF-8"));
    }

    #[test]
    fn what_cannot_be_decoded_is_named_with_its_place() {
        let bad = decode(b"a = 1\n\xC3\xA9 = '\xE9'\n".to_vec()).unwrap_err();
        assert_eq!(bad.place(), Some((2, 6)));
        assert!(bad.to_string().starts_with("invalid UTF-8 at byte 12:"), "{bad}");
        assert!(error(b"\xEF\xBB\xBF\xE9").contains("at byte 3"));
        assert!(error(b"# coding: ascii\n'\xC3'").contains("invalid ASCII at byte 17"));
        assert!(error(b"# coding: shift_jis\n'\x82'").contains("invalid Shift_JIS at byte 21"));
        assert_eq!(decode(b"x = 1\r\ry\0".to_vec()).unwrap_err().place(), Some((3, 2)));
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        assert!(error(b"\xFF\xFEx\0").contains("UTF-16"));
        assert!(error(b"\xFE\xFF\0x").contains("UTF-16"));
        assert!(error(b"\xFF\xFE\0\0x\0\0\0").contains("UTF-32"));
        assert!(error(b"# coding: klingon\n").contains("unknown encoding `klingon`"));
        assert!(error(b"# coding: utf-16\n").contains("unknown encoding"));
        assert!(error(b"\xEF\xBB\xBF# coding: latin-1\n").contains("byte order mark"));
    }
}
