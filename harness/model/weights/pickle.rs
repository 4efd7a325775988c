//! Reads the pickles in which PyTorch keeps what a file of weights holds. Nothing in them is executed: classes and functions
//! are names, and a call is the name with its arguments.
//!
//! Candle has such a reader, but it copies a value each time that it is named again and drops values within values by
//! recursion: sixty bytes take all memory, a million bytes the whole stack. Here every value stands once in a list and is
//! named by its place, so that memory grows with the file and nothing recurs.

use std::collections::HashMap;

/// A pickle that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// The pickle ends before its end.
    #[error("its pickle is cut short")]
    CutShort,
    /// An instruction that weights do not need.
    #[error("its pickle has the instruction {0:#04x}, which weights do not need")]
    Instruction(u8),
    /// An instruction that lacks what it works on.
    #[error("its pickle is damaged at byte {at}")]
    Damaged {
        /// Where.
        at: usize,
    },
}

/// The place of a value in [`Pickle`].
pub(super) type Place = usize;

/// A value of a pickle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing, a truth value, a number with a fraction, or bytes: weights need none of them.
    Other,
    Int(i64),
    Text(String),
    /// A tuple, a list or a set.
    Several(Vec<Place>),
    /// A dictionary, ordered or not.
    Named(Vec<(Place, Place)>),
    /// A class or function by its module and name.
    Class(String, String),
    /// What a class or function would give for these arguments.
    Made {
        class: Place,
        arguments: Place,
    },
    /// What is kept beside the pickle, under this key.
    Kept(Place),
}

/// A pickle that was read: its values, the last of which holds the others.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Place,
}

impl Pickle {
    /// Reads a pickle of protocol 2 to 5.
    ///
    /// # Errors
    /// [`PickleError`] where it is cut, damaged, or has instructions that weights do not need.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PickleError> {
        let mut reader =
            Reader { bytes, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
        let root = loop {
            if let Some(root) = reader.step()? {
                break root;
            }
        };
        Ok(Self { values: reader.values, root })
    }

    pub(super) fn root(&self) -> Place {
        self.root
    }

    pub(super) fn value(&self, place: Place) -> &Value {
        &self.values[place]
    }

    pub(super) fn text(&self, place: Place) -> Option<&str> {
        if let Value::Text(text) = self.value(place) { Some(text) } else { None }
    }

    pub(super) fn count(&self, place: Place) -> Option<usize> {
        if let Value::Int(number) = self.value(place) { usize::try_from(*number).ok() } else { None }
    }

    pub(super) fn several(&self, place: Place) -> Option<&[Place]> {
        if let Value::Several(places) = self.value(place) { Some(places) } else { None }
    }

    /// Counts in a tuple or list.
    pub(super) fn counts(&self, place: Place) -> Option<Vec<usize>> {
        self.several(place)?.iter().map(|&place| self.count(place)).collect()
    }

    pub(super) fn class(&self, place: Place) -> Option<(&str, &str)> {
        if let Value::Class(module, name) = self.value(place) { Some((module, name)) } else { None }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Place>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Place>,
}

impl Reader<'_> {
    /// Carries out one instruction: the place of the root at the last.
    fn step(&mut self) -> Result<Option<Place>, PickleError> {
        let [instruction] = self.array()?;
        match instruction {
            // PROTO, FRAME
            0x80 => drop(self.array::<1>()?),
            0x95 => drop(self.array::<8>()?),
            // STOP
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            // POP, POP_MARK, DUP
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_marked()?),
            b'2' => self.stack.push(self.top()?),
            // NONE, NEWTRUE, NEWFALSE, BINFLOAT
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'G' => {
                self.array::<8>()?;
                self.push(Value::Other);
            }
            b'K' | b'M' | b'J' | 0x8a => self.number(instruction)?,
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.string(instruction)?,
            b'B' | b'C' | 0x8e => {
                self.counted(instruction)?;
                self.push(Value::Other);
            }
            b')' | b']' | 0x8f => self.push(Value::Several(Vec::new())),
            b'}' => self.push(Value::Named(Vec::new())),
            0x85..=0x87 => {
                let count = usize::from(instruction - 0x84);
                let first = self.stack.len().checked_sub(count).ok_or_else(|| self.damaged())?;
                let items = self.stack.split_off(first);
                self.push(Value::Several(items));
            }
            // TUPLE, LIST, FROZENSET
            b't' | b'l' | 0x91 => {
                let items = self.pop_marked()?;
                self.push(Value::Several(items));
            }
            b'd' => {
                let items = self.pop_marked()?;
                let pairs = pairs(&items).ok_or_else(|| self.damaged())?;
                self.push(Value::Named(pairs));
            }
            b'a' | b'e' | 0x90 => self.append(instruction)?,
            b's' | b'u' => self.set(instruction)?,
            b'c' | 0x93 => self.class(instruction)?,
            // REDUCE, NEWOBJ
            b'R' | 0x81 => self.make()?,
            // BUILD: what it adds to an object are its attributes, which weights do not need.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let key = self.pop()?;
                self.push(Value::Kept(key));
            }
            b'q' | b'r' | 0x94 => {
                let key = self.key(instruction)?;
                let top = self.top()?;
                self.memo.insert(key, top);
            }
            b'h' | b'j' => {
                let key = self.key(instruction)?;
                let place = *self.memo.get(&key).ok_or_else(|| self.damaged())?;
                self.stack.push(place);
            }
            other => return Err(PickleError::Instruction(other)),
        }
        Ok(None)
    }

    fn damaged(&self) -> PickleError {
        PickleError::Damaged { at: self.at }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PickleError> {
        let end = self.at.checked_add(count).ok_or(PickleError::CutShort)?;
        let taken = self.bytes.get(self.at..end).ok_or(PickleError::CutShort)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let taken = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(taken);
        Ok(array)
    }

    /// Text up to the end of a line.
    fn line(&mut self) -> Result<String, PickleError> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(PickleError::CutShort)?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }

    /// Bytes after their number.
    fn counted(&mut self, instruction: u8) -> Result<&[u8], PickleError> {
        let length = match instruction {
            0x8c | b'U' | b'C' => u64::from(self.array::<1>()?[0]),
            b'X' | b'B' | b'T' => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        self.take(usize::try_from(length).map_err(|_| PickleError::CutShort)?)
    }

    fn string(&mut self, instruction: u8) -> Result<(), PickleError> {
        let text = String::from_utf8_lossy(self.counted(instruction)?).into_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn number(&mut self, instruction: u8) -> Result<(), PickleError> {
        let value = match instruction {
            b'K' => i64::from(self.array::<1>()?[0]),
            b'M' => u16::from_le_bytes(self.array()?).into(),
            b'J' => i32::from_le_bytes(self.array()?).into(),
            _ => {
                let length = usize::from(self.array::<1>()?[0]);
                let digits = self.take(length)?;
                let is_negative = digits.last().is_some_and(|&byte| byte >= 0x80);
                let mut bytes = if is_negative { [0xff; 8] } else { [0; 8] };
                let Some(place) = bytes.get_mut(..length) else {
                    // No size of a tensor is that long.
                    self.push(Value::Other);
                    return Ok(());
                };
                place.copy_from_slice(digits);
                i64::from_le_bytes(bytes)
            }
        };
        self.push(Value::Int(value));
        Ok(())
    }

    /// The key of a value that is named again.
    fn key(&mut self, instruction: u8) -> Result<u64, PickleError> {
        Ok(match instruction {
            b'q' | b'h' => self.array::<1>()?[0].into(),
            b'r' | b'j' => u32::from_le_bytes(self.array()?).into(),
            _ => self.memo.len() as u64,
        })
    }

    fn class(&mut self, instruction: u8) -> Result<(), PickleError> {
        let (module, name) = match instruction {
            b'c' => (self.line()?, self.line()?),
            _ => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (&self.values[module], &self.values[name]) {
                    (Value::Text(module), Value::Text(name)) => (module.clone(), name.clone()),
                    _ => return Err(self.damaged()),
                }
            }
        };
        self.push(Value::Class(module, name));
        Ok(())
    }

    fn make(&mut self) -> Result<(), PickleError> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        let is_dictionary = matches!(&self.values[class], Value::Class(module, name)
            if module == "collections" && (name == "OrderedDict" || name == "defaultdict"));
        self.push(if is_dictionary { Value::Named(Vec::new()) } else { Value::Made { class, arguments } });
        Ok(())
    }

    /// APPEND, APPENDS, ADDITEMS.
    fn append(&mut self, instruction: u8) -> Result<(), PickleError> {
        let items = if instruction == b'a' { vec![self.pop()?] } else { self.pop_marked()? };
        let list = self.top()?;
        if let Value::Several(places) = &mut self.values[list] {
            places.extend(items);
            return Ok(());
        }
        Err(self.damaged())
    }

    /// SETITEM, SETITEMS.
    fn set(&mut self, instruction: u8) -> Result<(), PickleError> {
        let items = match instruction {
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                vec![key, value]
            }
            _ => self.pop_marked()?,
        };
        let pairs = pairs(&items).ok_or_else(|| self.damaged())?;
        let named = self.top()?;
        match &mut self.values[named] {
            Value::Named(all) => all.extend(pairs),
            // A class of the writer's own may act as a dictionary.
            Value::Made { .. } => {}
            Value::Other | Value::Int(_) | Value::Text(_) | Value::Several(_) | Value::Class(..) | Value::Kept(_) => {
                return Err(self.damaged());
            }
        }
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn top(&self) -> Result<Place, PickleError> {
        self.stack.last().copied().ok_or_else(|| self.damaged())
    }

    fn pop(&mut self) -> Result<Place, PickleError> {
        // What is below a mark belongs to what began before it.
        let is_above = self.stack.len() > self.marks.last().copied().unwrap_or(0);
        self.stack.pop().filter(|_| is_above).ok_or_else(|| self.damaged())
    }

    fn pop_marked(&mut self) -> Result<Vec<Place>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.damaged())?;
        if mark > self.stack.len() {
            return Err(self.damaged());
        }
        Ok(self.stack.split_off(mark))
    }
}

fn pairs(items: &[Place]) -> Option<Vec<(Place, Place)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|&[key, value]| (key, value)).collect())
}
