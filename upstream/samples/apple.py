"""Apple's languages: Swift and Objective-C. Each prints the answer as it comes."""

from functools import partial

from upstream.samples import literals
from upstream.samples.request import BODY_FILE, SampleRequest, SampleText, body_pieces

_swift = partial(literals.quoted, quote='"', special="", other=literals.braces)


def swift(request: SampleRequest) -> str:
    """Return a program for Foundation; on Apple's systems it prints the stream line by line."""
    text = partial(
        literals.concatenated, literal=_swift, variable='(ProcessInfo.processInfo.environment["{}"] ?? "")'
    )
    headers = "".join(
        f"request.setValue({text(value)}, forHTTPHeaderField: {_swift(name)})\n"
        for name, value in request.headers
    )
    if request.in_file:
        body = f'request.httpBody = try Data(contentsOf: URL(fileURLWithPath: "{BODY_FILE}"))'
    else:
        pieces = ",\n".join(f"    {_swift(piece)}" for piece in body_pieces(request.body))
        body = f"request.httpBody = Data([\n{pieces}\n].joined().utf8)"
    return f"""\
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

var request = URLRequest(url: URL(string: {text(request.url)})!)
request.httpMethod = {_swift(request.method)}
request.timeoutInterval = 600
{headers}{body}

#if canImport(FoundationNetworking)
let (data, _) = try await URLSession.shared.data(for: request)
print(String(decoding: data, as: UTF8.self))
#else
let (lines, _) = try await URLSession.shared.bytes(for: request)
for try await line in lines.lines {{
    print(line)
}}
#endif
"""


_OBJC = """\
// clang -fobjc-arc -framework Foundation sample.m -o sample
#import <Foundation/Foundation.h>

@interface Printer : NSObject <NSURLSessionDataDelegate>
@property(strong) dispatch_semaphore_t ended;
@end

@implementation Printer
- (void)URLSession:(NSURLSession *)session dataTask:(NSURLSessionDataTask *)task didReceiveData:(NSData *)data {{
    [NSFileHandle.fileHandleWithStandardOutput writeData:data];
}}
- (void)URLSession:(NSURLSession *)session task:(NSURLSessionTask *)task didCompleteWithError:(NSError *)error {{
    if (error) NSLog(@"%@", error);
    dispatch_semaphore_signal(self.ended);
}}
@end

int main(void) {{
    @autoreleasepool {{
        {body}

        NSURL *url = [NSURL URLWithString:{url}];
        NSMutableURLRequest *request = [NSMutableURLRequest requestWithURL:url];
        request.HTTPMethod = {method};
        request.HTTPBody = body;
        request.timeoutInterval = 600;
{headers}
        Printer *printer = [Printer new];
        printer.ended = dispatch_semaphore_create(0);
        NSURLSessionConfiguration *settings = NSURLSessionConfiguration.ephemeralSessionConfiguration;
        NSURLSession *session = [NSURLSession sessionWithConfiguration:settings delegate:printer delegateQueue:nil];
        [[session dataTaskWithRequest:request] resume];
        dispatch_semaphore_wait(printer.ended, DISPATCH_TIME_FOREVER);
    }}
    return 0;
}}
"""


def _objc(text: str) -> str:
    return "@" + literals.without_trigraphs(literals.quoted(text, '"', "", literals.octal_or_units))


def objc(request: SampleRequest) -> str:
    """Return a program for Foundation on Apple's systems."""
    variable = '(NSProcessInfo.processInfo.environment[@"{}"] ?: @"")'

    def text(value: SampleText) -> str:
        if not value.variable:
            return _objc(value.before)
        parts = (_objc(value.before), variable.format(value.variable), _objc(value.after))
        return f'[@[{", ".join(parts)}] componentsJoinedByString:@""]'

    headers = "".join(
        f"        [request setValue:{text(value)} forHTTPHeaderField:{_objc(name)}];\n"
        for name, value in request.headers
    )
    if request.in_file:
        body = f'NSData *body = [NSData dataWithContentsOfFile:@"{BODY_FILE}"];'
    else:
        pieces = ",\n".join(f"            {_objc(piece)}" for piece in body_pieces(request.body))
        body = (
            f'NSData *body = [[@[\n{pieces}\n        ] componentsJoinedByString:@""]\n'
            "            dataUsingEncoding:NSUTF8StringEncoding];"
        )
    return _OBJC.format(body=body, url=text(request.url), method=_objc(request.method), headers=headers)
