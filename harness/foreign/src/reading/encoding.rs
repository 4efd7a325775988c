//! Bytes to text: UTF-8, and UTF-16 as spreadsheets export it.

use std::borrow::Cow;

use crate::fault::{Fault, TableFault};

/// The text of a file, without a byte order mark; a fault with its line where it is none.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, TableFault> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|error| not_utf_8(bytes, error.valid_up_to()))?;
            if bytes.contains(&0) {
                return Err(TableFault::of_file(Fault::Binary));
            }
            Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)))
        }
    }
}

fn utf_16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, TableFault> {
    let pairs = bytes.chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let decoded = char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))).collect::<Result<String, _>>();
    decoded.ok().filter(|_| is_whole).ok_or_else(|| TableFault::of_file(Fault::CutUtf16))
}

/// The fault of the first byte that is no UTF-8.
fn not_utf_8(bytes: &[u8], at: usize) -> TableFault {
    let (before, byte) = (&bytes[..at], bytes[at]);
    if byte == 0 || before.contains(&0) {
        return TableFault::of_file(Fault::Binary);
    }
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
    TableFault { line: Some(line), column: Some(column), fault: Fault::NotUtf8 { byte } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_text() {
        let little: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("é,b\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain("é,b\n".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in [&little[..], &big, "\u{feff}é,b\n".as_bytes(), "é,b\n".as_bytes()] {
            assert_eq!(text(bytes).unwrap(), "é,b\n");
        }
        assert!(matches!(text(&little[..5]), Err(TableFault { fault: Fault::CutUtf16, .. })));
    }

    #[test]
    fn a_byte_of_another_encoding_is_told_with_its_place() {
        let fault = text(b"a,b\n1,caf\xE9\n").unwrap_err();
        assert_eq!((fault.line, fault.column), (Some(2), Some(6)));
        assert!(fault.fault.to_string().contains("0xE9"), "{}", fault.fault);
        assert!(matches!(text(b"a,b\0\n"), Err(TableFault { fault: Fault::Binary, .. })));
        assert!(matches!(text(b"\x00\x01\xFF"), Err(TableFault { fault: Fault::Binary, .. })));
    }
}
