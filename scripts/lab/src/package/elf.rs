//! Checks whether Azure's Linux can run a binary, wherever it was built.

use object::LittleEndian;
use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

/// Accepts static executables, including position-independent ones (static-pie).
///
/// # Errors
/// Why the file cannot be deployed, as a continuation of the file's name.
pub(crate) fn check(file: &[u8]) -> Result<(), String> {
    let endian = LittleEndian;
    let cut_short = |_| "is truncated".to_owned();
    // Magic, 64-bit, little-endian. The operating system byte is 0 or 3 on Linux, and is ignored.
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return Err("is not a 64-bit Linux (ELF) binary".to_owned());
    }
    let header = FileHeader64::<LittleEndian>::parse(file).map_err(cut_short)?;
    match header.e_machine(endian) {
        EM_X86_64 => {}
        EM_AARCH64 => return Err("is built for ARM64, not for x86-64".to_owned()),
        machine => {
            return Err(format!(
                "is built for another processor (ELF machine {machine})"
            ));
        }
    }
    if !matches!(header.e_type(endian), ET_EXEC | ET_DYN) || header.e_entry(endian) == 0 {
        return Err("is an object file or a library, not an executable".to_owned());
    }
    for segment in header.program_headers(endian, file).map_err(cut_short)? {
        if let Some(loader) = segment.interpreter(endian, file).map_err(cut_short)? {
            let loader = String::from_utf8_lossy(loader);
            return Err(format!("is dynamically linked (it needs {loader})"));
        }
    }
    Ok(())
}
