//! Just enough of the ELF format to tell whether Azure's Linux can run a binary wherever it was built.
//!
//! Offsets are those of the 64-bit little-endian layout in the System V ABI's chapters "ELF Header" and "Program Header".

use std::fmt;

const EM_X86_64: u16 = 62;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const PT_INTERP: u32 = 3;

/// Why a file cannot be deployed. Each reads on from the file's name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotElf,
    Truncated,
    OtherMachine(u16),
    NotExecutable,
    Dynamic(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => write!(f, "is no 64-bit Linux (ELF) binary"),
            Self::Truncated => write!(f, "is cut short"),
            Self::OtherMachine(183) => write!(f, "is built for ARM64, not for x86-64"),
            Self::OtherMachine(machine) => {
                write!(f, "is built for another processor (ELF machine {machine})")
            }
            Self::NotExecutable => write!(f, "is an object file or a library, no executable"),
            Self::Dynamic(loader) => write!(f, "is dynamically linked (it needs {loader})"),
        }
    }
}

/// Accepts static executables, position-independent ones (static-pie) included.
pub(crate) fn check(file: &[u8]) -> Result<(), Fault> {
    // Magic, 64-bit, little-endian; the operating system byte says 0 or 3 on Linux and decides nothing.
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return Err(Fault::NotElf);
    }
    let (kind, machine, entry) = (u16_at(file, 16)?, u16_at(file, 18)?, u64_at(file, 24)?);
    if machine != EM_X86_64 {
        return Err(Fault::OtherMachine(machine));
    }
    if !matches!(kind, ET_EXEC | ET_DYN) || entry == 0 {
        return Err(Fault::NotExecutable);
    }

    let (table, size, count) = (
        offset(u64_at(file, 32)?)?,
        usize::from(u16_at(file, 54)?),
        u16_at(file, 56)?,
    );
    for index in 0..usize::from(count) {
        let header = table.checked_add(index * size).ok_or(Fault::Truncated)?;
        if u32_at(file, header)? == PT_INTERP {
            let start = offset(u64_at(file, header + 8)?)?;
            let end = start
                .checked_add(offset(u64_at(file, header + 32)?)?)
                .ok_or(Fault::Truncated)?;
            let loader = file.get(start..end).ok_or(Fault::Truncated)?;
            return Err(Fault::Dynamic(
                String::from_utf8_lossy(loader)
                    .trim_end_matches('\0')
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

fn bytes_at<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N], Fault> {
    file.get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(Fault::Truncated)
}

fn u16_at(file: &[u8], at: usize) -> Result<u16, Fault> {
    bytes_at(file, at).map(u16::from_le_bytes)
}

fn u32_at(file: &[u8], at: usize) -> Result<u32, Fault> {
    bytes_at(file, at).map(u32::from_le_bytes)
}

fn u64_at(file: &[u8], at: usize) -> Result<u64, Fault> {
    bytes_at(file, at).map(u64::from_le_bytes)
}

fn offset(value: u64) -> Result<usize, Fault> {
    usize::try_from(value).map_err(|_| Fault::Truncated)
}
