//! Bytes to text: UTF-8, and UTF-16 as spreadsheets export it.

use std::borrow::Cow;

use crate::fault::{Fault, TableFault};

/// The text of a file, without a byte order mark; what is none is a fault with its place.
pub(super) fn text<'b>(bytes: &'b [u8], faults: &mut Vec<TableFault>) -> Option<Cow<'b, str>> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes, faults).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes, faults).map(Cow::Owned),
        // Packed by gzip or zip.
        _ if bytes.contains(&0) || bytes.starts_with(&[0x1F, 0x8B]) || bytes.starts_with(b"PK\x03\x04") => {
            faults.push(TableFault::of_file(Fault::Binary));
            None
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Some(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(error) => {
                faults.push(not_utf_8(bytes, error.valid_up_to()));
                None
            }
        },
    }
}

fn utf_16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16, faults: &mut Vec<TableFault>) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let decoded = char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))).collect::<Result<String, _>>();
    let text = decoded.ok().filter(|_| is_whole);
    if text.is_none() {
        faults.push(TableFault::of_file(Fault::CutUtf16));
    }
    text
}

/// The fault of the first byte that is no UTF-8.
fn not_utf_8(bytes: &[u8], at: usize) -> TableFault {
    let (before, byte) = (&bytes[..at], bytes[at]);
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
    TableFault { line: Some(line), column: Some(column), fault: Fault::NotUtf8 { byte } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Box<TableFault>> {
        let mut faults = Vec::new();
        text(bytes, &mut faults).map(Cow::into_owned).ok_or_else(|| Box::new(faults.remove(0)))
    }

    fn fault(bytes: &[u8]) -> Fault {
        read(bytes).unwrap_err().fault
    }

    #[test]
    fn what_spreadsheets_write_is_text() {
        let little: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("é,b\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain("é,b\n".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for bytes in [&little[..], &big, "\u{feff}é,b\n".as_bytes(), "é,b\n".as_bytes()] {
            assert_eq!(read(bytes).unwrap(), "é,b\n");
        }
        assert!(matches!(fault(&little[..5]), Fault::CutUtf16));
    }

    #[test]
    fn a_byte_of_another_encoding_is_told_with_its_place() {
        let told = read(b"a,b\n1,caf\xE9\n").unwrap_err();
        assert_eq!((told.line, told.column), (Some(2), Some(6)));
        assert!(told.fault.to_string().contains("0xE9"), "{}", told.fault);
        assert!(matches!(fault(b"a,b\0\n"), Fault::Binary));
        assert!(matches!(fault(b"\x00\x01\xFF"), Fault::Binary));
    }
}
