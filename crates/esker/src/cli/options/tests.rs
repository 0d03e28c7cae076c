use super::*;

fn parsed(line: &str) -> Options {
    match parse_line(line, None) {
        Ok(Request::Run(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

fn parse_line(line: &str, password: Option<&str>) -> Result<Request, String> {
    let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    parse(&arguments, password.map(|password| password.as_bytes().to_vec()))
}

#[test]
fn options_end_where_the_command_begins() {
    let options = parsed("-h example.org -p 6380 -n 3 SET key -1 --raw");
    assert_eq!(options.target, Target::Tcp { host: "example.org".to_owned(), port: 6380 });
    assert_eq!(options.database, 3);
    assert_eq!(options.words, [&b"SET"[..], b"key", b"-1", b"--raw"]);
    assert_eq!(options.style, None);
    assert_eq!(parsed("").target, Target::Tcp { host: "127.0.0.1".to_owned(), port: 6379 });
    assert_eq!(parsed("-s /tmp/s -p 1").target, Target::Unix("/tmp/s".into()));
}

#[test]
fn a_password_comes_from_the_line_before_the_environment() {
    let login = |line: &str, environment: Option<&str>| match parse_line(line, environment) {
        Ok(Request::Run(options)) => (options.login, options.is_password_on_command_line),
        other => panic!("{line}: {other:?}"),
    };
    let of = |user: Option<&str>, password: &str| {
        let user = user.map(|user| user.as_bytes().to_vec());
        Some(Login { user, password: password.as_bytes().to_vec() })
    };
    assert_eq!(login("PING", None), (None, false));
    assert_eq!(login("PING", Some("env")), (of(None, "env"), false));
    assert_eq!(login("-a given PING", Some("env")), (of(None, "given"), true));
    assert_eq!(login("--user me --pass given", None), (of(Some("me"), "given"), true));
    assert_eq!(login("--user me", None), (None, false));
    assert_eq!(login("-u redis://me:p@h", Some("env")), (of(Some("me"), "p"), true));
    assert_eq!(login("--askpass --user me", Some("env")), (of(Some("me"), ""), false));
}

#[test]
fn encryption_is_asked_for() {
    assert_eq!(parsed("--cacert ca PING").tls, None);
    assert_eq!(parsed("--tls PING").tls, Some(TlsOptions::default()));
    let tls = parsed("-u rediss://h --sni name --cert c --key k --insecure PING").tls.unwrap();
    assert_eq!((tls.name.as_deref(), tls.trusts_anybody), (Some("name"), true));
    assert_eq!((tls.certificate, tls.key), (Some("c".into()), Some("k".into())));
}

#[test]
fn repetition_and_input() {
    let options = parsed("-r 3 -i 0.1 -e -x GET");
    assert_eq!((options.repeat, options.interval), (Some(3), Duration::from_millis(100)));
    assert!(options.exits_on_error);
    assert_eq!(options.input, Input::LastArgument);
    assert_eq!(parsed("-r -1 PING").repeat, None);
    assert_eq!(parsed("-X tag SET k tag").input, Input::Tagged(b"tag".to_vec()));
    assert_eq!(parsed("-2").protocol, Some(Protocol::Resp2));
    assert_eq!(parsed("-3 --no-raw").style, Some(Style::Formatted));
    assert_eq!([parsed("--json").style, parsed("--csv").style], [Some(Style::Json), Some(Style::Csv)]);
    let patience = |line: &str| (parsed(line).pipes, parsed(line).pipe_patience);
    assert_eq!(patience("--pipe"), (true, Some(Duration::from_secs(30))));
    assert_eq!(patience("--pipe --pipe-timeout 2"), (true, Some(Duration::from_secs(2))));
    assert_eq!(patience("--pipe --pipe-timeout 0"), (true, None));
}

#[test]
fn what_is_wrong_is_named() {
    let problem = |line: &str| parse_line(line, None).map(|_| ()).unwrap_err();
    assert_eq!(problem("--bigkeys"), "Unrecognized option: '--bigkeys'");
    assert_eq!(problem("-Z"), "Unrecognized option: '-Z'");
    assert_eq!(problem("-p x"), "-p takes a number, not 'x'");
    assert_eq!(problem("-i -1 PING"), "-i takes a number of seconds");
    assert!(problem("-a").contains("-a"));
    assert!(problem("-x").contains("-x"));
    assert!(problem("--pipe PING").contains("--pipe"));
    assert!(problem("--show-pushes maybe").contains("maybe"));
}

#[test]
fn help_has_every_option() {
    for option in [
        "-h",
        "-p",
        "-s",
        "-u",
        "-n",
        "-t",
        "-a",
        "-r",
        "-i",
        "-x",
        "-X",
        "-e",
        "-2",
        "-3",
        "-d",
        "--json",
        "--csv",
        "--pipe",
        "--pipe-timeout",
        "--askpass",
        "--tls",
        "--cacert",
        "--cacertdir",
        "--cert",
        "--key",
        "--sni",
        "--insecure",
    ] {
        assert!(HELP.contains(&format!(" {option}")), "{option}");
    }
    assert!(matches!(parse_line("--help", None), Ok(Request::Help)));
    assert!(matches!(parse_line("-h", None), Ok(Request::Help)));
    assert!(matches!(parse_line("--version", None), Ok(Request::Version)));
}
