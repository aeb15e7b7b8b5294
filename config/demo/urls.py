from django.urls import path

from config.demo import account_page, mails

urlpatterns = [
    path("demonstration/", account_page.demonstration, name="demonstration"),
    path("mails/", mails.mails, name="mails"),
    path("mails/<uuid:key>/", mails.mail, name="mail"),
]
