//! The interpreter of each worker, and the scripts that it has compiled.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use commands::{Error, Result};
use foldhash::fast::RandomState;
use scripting::{Digest, Function, Header, Limits, Vm};

use super::functions::{Library, header_len};
use super::host::LoadHost;
use super::running::RunState;
use super::scripts::Script;
use crate::server::Server;

/// A script that this worker's interpreter has compiled.
pub(super) struct Compiled {
    pub script: Arc<Script>,
    pub function: Function,
}

/// What a thread needs to run scripts.
pub(super) struct Worker {
    vm: Vm,
    state: Arc<RunState>,
    server: Weak<Server>,
    by_text: HashMap<Box<[u8]>, Rc<Compiled>, RandomState>,
    by_digest: HashMap<Digest, Rc<Compiled>, RandomState>,
    /// The libraries that it has loaded, by name: each with its version and its functions.
    libraries: HashMap<String, (u64, Vec<Function>)>,
    /// Bytes of the texts.
    text_bytes: usize,
    /// Of the server's settings, when the limits were taken from them.
    generation: u64,
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// Beyond so many compiled scripts, or so many bytes of their texts, a worker begins anew.
const COMPILED_MAX: usize = 2000;
const TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The version that scripts are told beside that of Redis.
const VALKEY_VERSION: &str = "7.2.4";

/// Lets `work` have the calling thread's interpreter.
pub(super) fn with_worker<R>(server: &Arc<Server>, work: impl FnOnce(&mut Worker) -> R) -> Result<R> {
    WORKER.with(|worker| {
        let mut worker =
            worker.try_borrow_mut().map_err(|_| Error::new("a script runs on this thread already"))?;
        let is_usable = worker.as_ref().is_some_and(|worker| worker.belongs_to(server));
        if !is_usable {
            *worker = Some(Worker::new(server)?);
        }
        let worker = worker.as_mut().ok_or_else(|| Error::new("no interpreter"))?;
        worker.renew_limits(server);
        Ok(work(worker))
    })
}

fn limits(server: &Server) -> Limits {
    let bytes = server.settings().memory.script_memory_bytes_max;
    Limits { memory_bytes_max: usize::try_from(bytes).unwrap_or(usize::MAX) }
}

impl Worker {
    fn new(server: &Arc<Server>) -> Result<Worker> {
        let versions = [("REDIS", crate::REDIS_VERSION), ("VALKEY", VALKEY_VERSION)];
        let seed = base::random::Random::from_system().next_u64();
        let generation = server.generation();
        let vm = Vm::new(limits(server), &versions, seed).map_err(Error::new)?;
        Ok(Worker {
            vm,
            state: server.scripting.running.enlist(),
            server: Arc::downgrade(server),
            by_text: HashMap::default(),
            by_digest: HashMap::default(),
            libraries: HashMap::new(),
            text_bytes: 0,
            generation,
        })
    }

    fn belongs_to(&self, server: &Arc<Server>) -> bool {
        std::ptr::eq(self.server.as_ptr(), Arc::as_ptr(server))
    }

    fn renew_limits(&mut self, server: &Server) {
        if self.generation != server.generation() {
            self.generation = server.generation();
            self.vm.limit(limits(server));
        }
    }

    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// The script with this text, which is compiled if that was not done yet.
    pub fn script(&mut self, server: &Server, text: &[u8]) -> Result<Rc<Compiled>> {
        if let Some(compiled) = self.by_text.get(text).filter(|compiled| !compiled.script.is_gone()) {
            server.scripting.scripts.touch(&compiled.script);
            return Ok(Rc::clone(compiled));
        }
        let header = Header::of(text).map_err(Error::new)?;
        let flags = header.as_ref().map(Header::script_flags).transpose().map_err(Error::new)?;
        // The line's end stays, so that lines are counted as the client counts them.
        let body = &text[header.map_or(0, |header| header.len)..];
        let function = self.vm.compile(body);
        let function = function
            .map_err(|error| Error::new(format_args!("Error compiling script (new function): {error}")))?;
        let script = server.scripting.scripts.add(text, flags);
        server.scripting.scripts.touch(&script);
        Ok(self.remember(script, function))
    }

    /// The script with this digest, if somebody has sent it.
    pub fn script_by_digest(&mut self, server: &Server, digest: &[u8]) -> Result<Rc<Compiled>> {
        let digest: Digest = digest.to_ascii_lowercase().try_into().map_err(|_| super::NO_SCRIPT)?;
        if let Some(compiled) = self.by_digest.get(&digest).filter(|compiled| !compiled.script.is_gone()) {
            server.scripting.scripts.touch(&compiled.script);
            return Ok(Rc::clone(compiled));
        }
        let script = server.scripting.scripts.find(&digest).ok_or(super::NO_SCRIPT)?;
        self.script(server, &script.text)
    }

    /// The function of this number in a library, which is loaded if that was not done yet.
    pub fn function(&mut self, library: &Library, index: usize) -> Result<Function> {
        let is_loaded = |(version, _): &&(u64, Vec<Function>)| *version == library.version;
        if self.libraries.get(&library.name).filter(is_loaded).is_none() {
            let text = &library.code[header_len(&library.code)..];
            let loaded = self.vm.load_library(text, &mut LoadHost::new()).map_err(Error::new)?;
            let functions = loaded.functions.into_iter().map(|(_, function)| function).collect();
            self.libraries.insert(library.name.clone(), (library.version, functions));
        }
        let functions = self.libraries.get(&library.name).map(|(_, functions)| functions);
        let function = functions.and_then(|functions| functions.get(index)).cloned();
        function.ok_or_else(|| Error::new("Function not found"))
    }

    fn remember(&mut self, script: Arc<Script>, function: Function) -> Rc<Compiled> {
        self.text_bytes += script.text.len();
        if self.by_text.len() >= COMPILED_MAX || self.text_bytes > TEXT_BYTES_MAX {
            self.by_text.clear();
            self.by_digest.clear();
            self.text_bytes = script.text.len();
        }
        let compiled = Rc::new(Compiled { script, function });
        self.by_text.insert(compiled.script.text.clone(), Rc::clone(&compiled));
        self.by_digest.insert(compiled.script.digest, Rc::clone(&compiled));
        compiled
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(server) = self.server.upgrade() {
            server.scripting.running.dismiss(&self.state);
        }
    }
}
