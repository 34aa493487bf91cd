//! Compresses every file of `ui/` once, at build time, and names the whole set by its content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=ui");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let files = files_of(Path::new("ui"))?;
    let imports = imports_of(&files)?;

    let mut version = Sha256::new();
    let mut table = String::new();
    for path in &files {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a file of ui/ has a plain name");
        let plain = fs::read(path)?;
        version.update(name);
        version.update(&plain);
        // A copy, because a path of this checkout would outlive it in a target folder that several share.
        fs::write(out.join(name), &plain)?;
        fs::write(out.join(format!("{name}.br")), brotli(&plain)?)?;
        fs::write(out.join(format!("{name}.gz")), gzip(&plain)?)?;
        writeln!(
            table,
            "    Asset {{ name: {name:?}, media_type: {:?}, plain: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")), \
             brotli: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.br\")), \
             gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.gz\")), modules: &{:?} }},",
            media_type(name),
            modules_of(name, &imports),
        )
        .expect("a String takes all");
    }
    let version = &hex::encode(version.finalize())[..12];
    fs::write(
        out.join("assets.rs"),
        format!("pub(crate) const VERSION: &str = {version:?};\n\nstatic ASSETS: &[Asset] = &[\n{table}];\n"),
    )
}

fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension != "json" && extension != "ts"));
    files.sort();
    Ok(files)
}

/// The modules that each module names: static imports and exports of its neighbours.
fn imports_of(files: &[PathBuf]) -> io::Result<BTreeMap<String, Vec<String>>> {
    let mut imports = BTreeMap::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "js")) {
        let text = fs::read_to_string(path)?;
        let statements = text.lines().filter(|line| line.starts_with("import ") || line.starts_with("export "));
        let named = statements.filter_map(|line| line.split_once("\"./")?.1.split_once('"')).map(|(name, _)| name);
        let file = path.file_name().and_then(|name| name.to_str()).expect("a file of ui/ has a plain name");
        imports.insert(file.to_owned(), named.map(str::to_owned).collect());
    }
    Ok(imports)
}

/// All modules that one needs, itself left out.
fn modules_of(name: &str, imports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![name];
    while let Some(next) = waiting.pop() {
        for needed in imports.get(next).into_iter().flatten() {
            if found.insert(needed.clone()) {
                waiting.push(needed);
            }
        }
    }
    found.into_iter().collect()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn brotli(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}
