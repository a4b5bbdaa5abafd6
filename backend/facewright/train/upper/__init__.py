"""Training GoHD's two-stage expression predictor (section 3.2, appendix B.2).

``experts``        who stage 1 learns lips from, and who reads them: interfaces, and the
                   aligned-phone teacher that ships
``data``           batches for both stages
``discriminators`` D_eye, D_te and D_tf
``losses``         eq. 18-27
``presets``        recipes
``loop``, ``stages``  what a training does, and what each stage does in it
``recipe``         all of it together
``evaluate``       speakers left out, against a still face and the prior
"""
