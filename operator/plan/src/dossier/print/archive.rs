//! A zip archive in memory: its files stand in it as they are, all of one time, so that its bytes follow from theirs alone.

/// 1 January 1980, the first day that the format can tell.
const DATE: u16 = (1 << 5) | 1;
/// What a reader must know at least: version 1.0.
const VERSION: u16 = 10;

/// The archive; `None` where a file or all of them are larger than the format can tell.
pub(super) fn stored(files: &[(&str, &str)]) -> Option<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let at = u32::try_from(archive.len()).ok()?;
        let about = about(name, text)?;
        archive.extend(0x0403_4b50_u32.to_le_bytes());
        archive.extend(&about);
        archive.extend(name.bytes().chain(text.bytes()));
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&about);
        // No comment, the first disk, no attributes.
        directory.extend([0_u8; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.bytes());
    }
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    let (length, at) = (u32::try_from(directory.len()).ok()?, u32::try_from(archive.len()).ok()?);
    archive.extend(directory);
    archive.extend(0x0605_4b50_u32.to_le_bytes());
    archive.extend([0_u8; 4]);
    archive.extend(count.into_iter().chain(count));
    archive.extend(length.to_le_bytes().into_iter().chain(at.to_le_bytes()));
    archive.extend([0_u8; 2]);
    Some(archive)
}

/// What is said of a file where it begins and in the directory: not compressed, when, checksum, sizes.
fn about(name: &str, text: &str) -> Option<Vec<u8>> {
    let length = u32::try_from(text.len()).ok()?.to_le_bytes();
    let name_length = u16::try_from(name.len()).ok()?;
    let (flags, method, time, extra) = (0_u16, 0_u16, 0_u16, 0_u16);
    let first = [VERSION, flags, method, time, DATE].into_iter().flat_map(u16::to_le_bytes);
    let sizes = crc32fast::hash(text.as_bytes()).to_le_bytes().into_iter().chain(length).chain(length);
    let last = [name_length, extra].into_iter().flat_map(u16::to_le_bytes);
    Some(first.chain(sizes).chain(last).collect())
}
