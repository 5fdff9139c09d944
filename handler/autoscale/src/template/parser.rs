//! The grammar of template expressions: function calls, strings in single quotation marks, whole numbers, and access
//! to properties (`.name`, `['name']`) and items (`[0]`).
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>

use std::iter::Peekable;
use std::str::CharIndices;

/// The most calls inside calls. Evaluating each uses stack.
const DEEPEST: usize = 50;

/// A parsed expression, without the brackets around it.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) base: Base,
    pub(super) accesses: Vec<Access>,
}

#[derive(Debug)]
pub(super) enum Base {
    Text(String),
    Integer(i64),
    Call {
        /// As written. Names are compared without regard to case.
        name: String,
        arguments: Vec<Expression>,
    },
}

#[derive(Debug)]
pub(super) enum Access {
    Property(String),
    Index(Expression),
}

/// How a string of a template is interpreted.
pub(super) enum Text<'a> {
    Plain,
    /// A string in brackets that begins with two brackets: the first one is an escape character.
    Escaped(&'a str),
    /// The text between the brackets.
    Expression(&'a str),
}

impl<'a> Text<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        match text.strip_prefix('[').filter(|rest| rest.ends_with(']')) {
            None => Self::Plain,
            Some(rest) if rest.starts_with('[') => Self::Escaped(rest),
            Some(rest) => Self::Expression(&rest[..rest.len() - 1]),
        }
    }
}

/// Parses the text between the brackets.
///
/// # Errors
/// What is wrong, and the position of the character in the text between the brackets.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        text,
        rest: text.char_indices().peekable(),
    };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(sign) => Err(parser.wrong(&format!("`{sign}` follows a complete expression"))),
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl<'a> Parser<'a> {
    fn expression(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > DEEPEST {
            return Err(self.wrong("functions are nested too deeply"));
        }
        let base = match self.peek() {
            Some('\'') => Base::Text(self.quoted()?),
            Some('-' | '0'..='9') => Base::Integer(self.integer()?),
            Some(sign) if is_name(sign) => self.call(depth)?,
            Some(sign) => return Err(self.wrong(&format!("`{sign}` does not start an expression"))),
            None => return Err(self.wrong("an expression is missing")),
        };
        let mut accesses = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.rest.next();
                    accesses.push(Access::Property(self.name()?));
                }
                Some('[') => {
                    self.rest.next();
                    accesses.push(Access::Index(self.expression(depth + 1)?));
                    self.expect(']')?;
                }
                _ => return Ok(Expression { base, accesses }),
            }
        }
    }

    fn call(&mut self, depth: usize) -> Result<Base, String> {
        let mut name = self.name()?;
        // A function that the template defines has a namespace.
        while self.peek() == Some('.') {
            self.rest.next();
            name.push('.');
            name.push_str(&self.name()?);
        }
        self.expect('(')?;
        let mut arguments = Vec::new();
        if self.peek() == Some(')') {
            self.rest.next();
            return Ok(Base::Call { name, arguments });
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            if self.peek() == Some(',') {
                self.rest.next();
            } else {
                self.expect(')')?;
                return Ok(Base::Call { name, arguments });
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        self.peek();
        let name = self.take(is_name);
        if name.is_empty() {
            return Err(self.wrong("a name is missing"));
        }
        Ok(name.to_owned())
    }

    fn integer(&mut self) -> Result<i64, String> {
        let negative = self.rest.next_if(|(_, sign)| *sign == '-').is_some();
        let digits = self.take(|sign| sign.is_ascii_digit());
        format!("{}{digits}", if negative { "-" } else { "" })
            .parse()
            .map_err(|_| self.wrong("a whole number is missing or too large"))
    }

    /// A string in single quotation marks. Two quotation marks inside it stand for one.
    fn quoted(&mut self) -> Result<String, String> {
        self.rest.next();
        let mut content = String::new();
        while let Some((_, sign)) = self.rest.next() {
            if sign == '\'' && self.rest.next_if(|(_, next)| *next == '\'').is_none() {
                return Ok(content);
            }
            content.push(sign);
        }
        Err(self.wrong("the text has no closing `'`"))
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.peek() == Some(wanted) {
            self.rest.next();
            return Ok(());
        }
        Err(self.wrong(&format!("`{wanted}` is missing")))
    }

    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self
            .rest
            .next_if(|(_, sign)| sign.is_whitespace())
            .is_some()
        {}
        self.rest.peek().map(|(_, sign)| *sign)
    }

    fn take(&mut self, accepted: impl Fn(char) -> bool) -> &'a str {
        let start = self.position();
        while self.rest.next_if(|(_, sign)| accepted(*sign)).is_some() {}
        let end = self.position();
        &self.text[start..end]
    }

    fn position(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn wrong(&mut self, problem: &str) -> String {
        let at = self.position();
        let character = self.text[..at].chars().count() + 1;
        format!("is not a valid template expression: at character {character}, {problem}")
    }
}

fn is_name(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '$')
}
