"""Compiled languages: Java, Go, C, C#, OCaml and Dart. Each prints the answer as it comes."""

from functools import partial

from upstream.samples import literals
from upstream.samples.request import BODY_FILE, SampleRequest, SampleText, body_pieces

_java = partial(literals.quoted, quote='"', special="", other=literals.octal_or_units)
_csharp = partial(literals.quoted, quote='"', special="", other=literals.utf16_units)
_dart = partial(literals.quoted, quote="'", special="$", other=literals.braces)


def java(request: SampleRequest) -> str:
    """Return a class for the client that Java has had since version 11."""
    text = partial(literals.concatenated, literal=_java, variable='System.getenv("{}")')
    headers = "".join(
        f"            .header({_java(name)}, {text(value)})\n" for name, value in request.headers
    )
    if request.in_file:
        body = f'byte[] body = Files.readAllBytes(Path.of("{BODY_FILE}"));'
        imports = "import java.nio.file.Files;\nimport java.nio.file.Path;\n"
    else:
        pieces = ",\n".join(f"            {_java(piece)}" for piece in body_pieces(request.body))
        body = f'byte[] body = String.join("",\n{pieces}\n        ).getBytes(StandardCharsets.UTF_8);'
        imports = "import java.nio.charset.StandardCharsets;\n"
    return f"""\
// java -Dfile.encoding=UTF-8 Sample.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
{imports}
public class Sample {{
    public static void main(String[] args) throws Exception {{
        {body}

        HttpRequest request = HttpRequest.newBuilder(URI.create({text(request.url)}))
{headers}            .method({_java(request.method)}, HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
        HttpResponse<java.io.InputStream> response = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .build()
            .send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (var stream = response.body()) {{
            byte[] chunk = new byte[8192];
            for (int size; (size = stream.read(chunk)) >= 0; System.out.flush()) {{
                System.out.write(chunk, 0, size);
            }}
        }}
    }}
}}
"""


def _go(text: str) -> str:
    return literals.quoted(text, '"', "", _go_other)


def _go_other(character: str) -> str:
    return literals.octal_bytes(character) if character < "\x80" else literals.code_point(character)


def go(request: SampleRequest) -> str:
    """Return a program for Go's own library."""
    text = partial(literals.concatenated, literal=_go, variable='os.Getenv("{}")')
    headers = "".join(
        f"\trequest.Header.Set({_go(name)}, {text(value)})\n" for name, value in request.headers
    )
    if request.in_file:
        body = f'\tbody, err := os.Open("{BODY_FILE}")\n\tif err != nil {{\n\t\tpanic(err)\n\t}}\n'
        # A file of unknown length would be sent in chunks.
        body += "\tinfo, err := body.Stat()\n\tif err != nil {\n\t\tpanic(err)\n\t}\n"
        length = "\trequest.ContentLength = info.Size()\n"
    else:
        pieces = " +\n\t\t".join(map(_go, body_pieces(request.body)))
        body = f"\tbody := strings.NewReader({pieces})\n"
        length = ""
    imports = ["io", "net/http", "os"] + ([] if request.in_file else ["strings"])
    return f"""\
package main

import (
{"".join(f'{chr(9)}"{name}"{chr(10)}' for name in imports)})

func main() {{
{body}
	request, err := http.NewRequest({_go(request.method)}, {text(request.url)}, body)
	if err != nil {{
		panic(err)
	}}
{length}{headers}
	response, err := http.DefaultClient.Do(request)
	if err != nil {{
		panic(err)
	}}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {{
		panic(err)
	}}
}}
"""


def _c(text: str) -> str:
    return literals.without_trigraphs(literals.quoted(text, '"', "", literals.octal_bytes))


def c(request: SampleRequest) -> str:
    """Return a program for libcurl: C has no client of its own."""
    headers = "".join(_c_header(name, value) for name, value in request.headers)
    if request.in_file:
        body = f"""\
    FILE *file = fopen("{BODY_FILE}", "rb");
    if (!file) return 1;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *body = malloc(size);
    if (!body || fread(body, 1, size, file) != size) return 1;
    fclose(file);
"""
        size = "(curl_off_t)size"
    else:
        pieces = "".join(f"\n        {_c(piece)}" for piece in body_pieces(request.body))
        body = f"    const char body[] ={pieces};\n"
        size = "(curl_off_t)(sizeof body - 1)"
    url = request.url
    place = f'    char url[8192];\n    snprintf(url, sizeof url, "%s%s%s", {_c_parts(url)});\n'
    return f"""\
/* cc sample.c -lcurl -o sample */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {{
{body}{place if url.variable else ""}
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    if (!curl) return 1;
    struct curl_slist *headers = NULL;
    char header[8192];
{headers}
    curl_easy_setopt(curl, CURLOPT_URL, {"url" if url.variable else _c(url.before)});
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, {_c(request.method)});
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, {size});
    CURLcode result = curl_easy_perform(curl);  /* prints to the standard output as it comes */
    if (result != CURLE_OK) fprintf(stderr, "%s\\n", curl_easy_strerror(result));

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return (int)result;
}}
"""


def _c_header(name: str, value: SampleText) -> str:
    if not value.variable:
        return f"    headers = curl_slist_append(headers, {_c(f'{name}: {value.before}')});\n"
    line = SampleText(f"{name}: {value.before}", value.variable, value.after)
    return (
        f'    snprintf(header, sizeof header, "%s%s%s", {_c_parts(line)});\n'
        "    headers = curl_slist_append(headers, header);\n"
    )


def _c_parts(value: SampleText) -> str:
    return f'{_c(value.before)}, getenv("{value.variable}"), {_c(value.after)}'


def csharp(request: SampleRequest) -> str:
    """Return a program for .NET's own client."""
    text = partial(
        literals.concatenated, literal=_csharp, variable='Environment.GetEnvironmentVariable("{}")'
    )
    content = ("content-type", "content-language", "content-encoding")
    headers = "".join(
        f"        {'request.Content' if name.lower() in content else 'request'}.Headers"
        f".TryAddWithoutValidation({_csharp(name)}, {text(value)});\n"
        for name, value in request.headers
    )
    if request.in_file:
        body = f'byte[] body = File.ReadAllBytes("{BODY_FILE}");'
    else:
        pieces = ",\n".join(f"            {_csharp(piece)}" for piece in body_pieces(request.body))
        body = f'byte[] body = Encoding.UTF8.GetBytes(string.Join("", new[] {{\n{pieces}\n        }}));'
    return f"""\
using System;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

class Sample
{{
    static void Main()
    {{
        Run().GetAwaiter().GetResult();
    }}

    static async Task Run()
    {{
        {body}

        var client = new HttpClient {{ Timeout = Timeout.InfiniteTimeSpan }};
        var request = new HttpRequestMessage(new HttpMethod({_csharp(request.method)}), {text(request.url)});
        request.Content = new ByteArrayContent(body);
{headers}
        using (var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        using (var stream = await response.Content.ReadAsStreamAsync())
        using (var output = Console.OpenStandardOutput())
        {{
            await stream.CopyToAsync(output);
        }}
    }}
}}
"""


def _ocaml(text: str) -> str:
    return literals.quoted(text, '"', "", _ocaml_other)


def _ocaml_other(character: str) -> str:
    return f"\\{ord(character):03d}" if character < "\x80" else literals.braces(character)


def ocaml(request: SampleRequest) -> str:
    """Return a program for cohttp: OCaml has no client of its own."""
    text = partial(literals.concatenated, literal=_ocaml, variable='Sys.getenv "{}"', plus=" ^ ")
    headers = "".join(f"    ({_ocaml(name)}, {text(value)});\n" for name, value in request.headers)
    if request.in_file:
        body = f"""\
let body =
  let file = open_in_bin "{BODY_FILE}" in
  let text = really_input_string file (in_channel_length file) in
  close_in file;
  text
"""
    else:
        pieces = "".join(f"  {_ocaml(piece)};\n" for piece in body_pieces(request.body))
        body = f'let body = String.concat "" [\n{pieces}]\n'
    return f"""\
(* ocamlfind ocamlopt -thread -linkpkg -package cohttp-lwt-unix sample.ml -o sample *)
open Lwt.Infix

{body}
let headers =
  Cohttp.Header.of_list [
{headers}  ]

let () =
  Lwt_main.run (
    Cohttp_lwt_unix.Client.call ~headers ~chunked:false
      ~body:(Cohttp_lwt.Body.of_string body)
      (Cohttp.Code.method_of_string {_ocaml(request.method)})
      (Uri.of_string ({text(request.url)}))
    >>= fun (_response, answer) ->
    Lwt_stream.iter_s
      (fun chunk -> Lwt_io.print chunk >>= fun () -> Lwt_io.flush Lwt_io.stdout)
      (Cohttp_lwt.Body.to_stream answer))
"""


def dart(request: SampleRequest) -> str:
    """Return a program for Dart's own library."""
    text = partial(literals.concatenated, literal=_dart, variable="Platform.environment['{}']!")
    headers = "".join(
        f"  request.headers.set({_dart(name)}, {text(value)}, preserveHeaderCase: true);\n"
        for name, value in request.headers
    )
    if request.in_file:
        body = f"final body = File('{BODY_FILE}').readAsBytesSync();"
    else:
        pieces = "".join(f"\n      {_dart(piece)}" for piece in body_pieces(request.body))
        body = f"final body = utf8.encode({pieces});"
    return f"""\
import 'dart:convert';
import 'dart:io';

Future<void> main() async {{
  {body}

  final client = HttpClient();
  final request = await client.openUrl({_dart(request.method)}, Uri.parse({text(request.url)}));
{headers}  request.contentLength = body.length;
  request.add(body);
  final response = await request.close();
  await stdout.addStream(response);
  client.close();
}}
"""
